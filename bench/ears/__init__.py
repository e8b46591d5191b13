"""Detectors that hear a finished song and know nothing of its score: librosa, pyloudnorm, scipy, scikit-learn."""
