"""`results/<corpus>/report.html`: what came out, to be read, heard and searched.

One file that needs no other: pictures, sounds and scripts are inside.
"""
