"""Audio encoders that give frames: a file each, named as what it registers."""
