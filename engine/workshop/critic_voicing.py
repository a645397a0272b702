"""Inner voices as the composer writes them: what people's harmony holds while a chord lasts.

Our composer's upper, middle and lower voice move with the chords alone; people's inner voices move
as they like. A critic that hears only people's would take the composer's for a fault, so it hears
both, and this makes the one of the other, many passages at once.
"""

import torch
from torch import Tensor

from engine.critique.grid import CENTRE, VOICES
from engine.workshop.critic_faults import Pages, class_of

INNER = slice(VOICES.index("upper"), VOICES.index("lower") + 1)
HARMONY = slice(VOICES.index("counter"), len(VOICES))  # whose notes make it
LEAST = 2  # units that a pitch sounds while its chord lasts
STRANGER, DOUBLED = 0.3, 0.35  # what a tone outside the chord, and an octave of a voice, count


def held(pages: Pages) -> tuple[Tensor, Tensor]:
    """Pitch and onset (passages, 3, units) of the inner voices; all silent where the harmony has
    hardly two."""
    span = pages.size // 2
    parts = _sounding(pages, span)  # (passages, spans, pitches)
    pitches = torch.arange(1, 2 * CENTRE + 1, device=parts.device)
    mask = pages.mask[:, ::span].long()
    inside = (mask[..., None] >> class_of(pitches) & 1) > 0
    weights = parts * torch.where(inside, 1.0, STRANGER)
    chosen = []
    for _ in range(3):
        most, at = weights.max(-1, keepdim=True)
        chosen.append(torch.where(most >= LEAST, pitches[at], 0)[..., 0])
        same = class_of(pitches) == class_of(pitches[at])
        weights = torch.where(
            pitches == pitches[at], 0.0, torch.where(same, DOUBLED, 1.0) * weights
        )
    voices = torch.stack(chosen, 1).sort(1, descending=True).values
    two = (voices[:, 1] > 0) & (voices[:, 2] == 0)
    middle, low = torch.where(two, 0, voices[:, 1]), torch.where(two, voices[:, 1], voices[:, 2])
    voices = torch.stack([voices[:, 0], middle, low], 1)
    lasts = torch.arange(voices.shape[-1], device=voices.device) < 2 * pages.bars[:, None]
    often = ((voices > 0) & lasts[:, None]).sum(-1) * 2 >= lasts.sum(-1)[:, None]
    heard = often & (often.sum(1, keepdim=True) > 1)
    voices = torch.where(heard[..., None] & lasts[:, None], voices, 0)
    fresh = torch.ones_like(voices, dtype=torch.bool)
    fresh[..., 1:] = voices[..., 1:] != voices[..., :-1]
    onset = torch.zeros(*voices.shape[:2], pages.pitch.shape[-1], dtype=torch.bool,
                        device=voices.device)  # fmt: skip
    onset[..., ::span] = fresh & (voices > 0)
    return voices.repeat_interleave(span, -1).to(pages.pitch.dtype), onset


def _sounding(pages: Pages, span: int) -> Tensor:
    """Units that each pitch sounds in each half bar, or in the whole bar where it has one chord:
    counter and inner voices together."""
    pitch = pages.pitch[:, HARMONY].long()
    count, spans = len(pitch), pitch.shape[-1] // span
    found = torch.zeros(count, spans, 2 * CENTRE + 1, device=pitch.device)
    for voice in range(pitch.shape[1]):
        own = pitch[:, voice].view(count, spans, span)
        found.scatter_add_(-1, own, torch.ones_like(own, dtype=found.dtype))
    both = found.view(count, spans // 2, 2, -1)
    chord = torch.stack([pages.root[:, ::span].long(), pages.mask[:, ::span].long()], -1)
    chord = chord.view(count, spans // 2, 2, 2)
    one = (chord[:, :, 0] == chord[:, :, 1]).all(-1)[..., None, None]
    return torch.where(one, both.sum(2, keepdim=True), both).view(count, spans, -1)[..., 1:]
