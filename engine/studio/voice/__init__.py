"""The singer: eSpeak NG gives phonemes and consonants in a process of its own, torch sings the vowels."""
