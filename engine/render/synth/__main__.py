"""``python -m engine.render.synth``: hear every patch anew and keep how loud it is."""

from engine.render.synth import trims

if __name__ == "__main__":
    trims.keep(trims.all_measured())
