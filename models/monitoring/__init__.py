"""Whether a model on the air still meets the games it was made for: its inputs, its calibration, what is missing, how long it
takes."""
