"""Where a studio takes its work from: a lane for each kind of job, so that none waits for another.

Plans take less than a second and a rendition some; neither may stand behind a brief of minutes.
"""
