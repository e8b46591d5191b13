"""ACE-Step 1.5 on the community's own GPU, through diffusers."""
