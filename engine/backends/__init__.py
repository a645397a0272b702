"""Who makes the music: one contract, and those who keep it.

`score` is ours: plan, notes, instruments. Another one is named as ``module:factory`` by
``CUESMITH_BACKEND``, and may do less: what it does not do is refused as not yet available.
"""
