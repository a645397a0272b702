"""What the fields mean that clients write."""

from msgspec import Struct

from api.batches.contracts import BatchLine, NewPicks
from api.briefs.contracts import NewBrief
from api.licenses.contracts import NewLicense
from api.webhooks.contracts import EndpointChange, NewEndpoint, Redelivery
from engine.contracts import (
    FamilyBrief,
    FunctionLimits,
    Hit,
    Outline,
    OutlinePart,
    OutlineSection,
    RenditionOrder,
    SectionBrief,
)

_LATER = "Not available yet; leave it out."
ABOUT: dict[type[Struct], dict[str, str]] = {
    NewLicense: {
        "catalog_resale": "Whether the track may be resold in a catalogue; as the brief said where "
        "this is left out.",
        "exclusive": "Whether nobody else is to be offered or licensed music that shares a run of "
        "twelve notes of its melodies. Costs what the price list says (`exclusive` in "
        "`/v1/capabilities`); refused where it sells none.",
        "territory": "`world`, or countries by their two letters: `CN` or `CN,JP`.",
        "words": "How the certificate's log tells your words: `hashed` (nobody reads them, but who "
        "guesses them sees that he is right), or `plain` for everybody who reads it.",
    },
    NewBrief: {
        "prompt": "What you want, in English or Chinese. Words fill what the fields leave open; "
        "what they were understood to mean comes back in `resolved`.",
        "kind": "What it is for: bed, loop and ambience (5 s to 10 min), sting (0.5 s to 15 s), "
        "chime (0.2 s to 5 s); bed where nothing says otherwise.",
        "candidates": "How many to choose from. Each is charged when it is delivered.",
        "seed": "The same brief with the same seed is the same music, for this account only. "
        "Left out, one is drawn and told.",
        "quality": "How much the studio tries before it offers.",
        "duration_ms": "The length of the file, kept exactly. Left out: a bed or an ambience 60 s, "
        "a loop 16 bars, a sting 4 s, a chime 1.5 s.",
        "bars": "The length in bars, kept exactly.",
        "bpm": "Beats a minute, kept exactly; left open, a tempo that fits style and length.",
        "tonality": 'A key, such as "F minor", "D dorian" or "C gong".',
        "meter": "4/4, 3/4, 6/8 or 12/8.",
        "style": "One of {styles}; common names of them are understood too.",
        "instruments": "What must and what must not sound: any of {instruments}.",
        "energy": "A curve of [position, energy] points, both from 0 to 1, forward in time.",
        "stems": 'Which stems come with a license: role groups, instrument families, or ["all"].',
        "delivery": "The file: sample rate, bit depth, channels, loudness in LUFS and ceiling.",
        "marking": "How the file says that it was made by a machine.",
        "rights": "What the license shall grant, where the pick says nothing else; `exclusive` is "
        "asked for at the pick only.",
        "model": "Which model composes; `/v1/capabilities` lists them.",
        "quote": "A quote of yours from the last fifteen minutes, to be held to its price.",
        "max_tokens": "Refuse the brief if its auditions would cost more than this.",
        "lane": "`interactive` is made next; `batch` is made when nobody waits, within a day, at "
        "the share of the price that `/v1/capabilities` lists.",
        "deadline_s": "Seconds after which what is not delivered is given up and not charged. "
        "Left out: 600, for `batch` 86400, where it is at least 14400.",
        "project": "A name of yours to find briefs by.",
        "customer_ref": "A reference of yours; it is given back as it is.",
        "metadata": "Names and values of yours; they are given back as they are. `title`, "
        "`description`, `keywords`, `genre`, `album`, `composer`, `publisher` and `isrc` also go "
        "into packages.",
        "sections": "The form: sections in order, or only an intro, a break or an ending that it "
        "must have. What a section leaves open is planned.",
        "hits": "Moments of a picture that the music must meet, inside the length.",
        "plan": "A plan from `/v1/plans` or of a candidate, edited or not. Everything in it is "
        "kept; a field beside it that says otherwise is refused.",
        **dict.fromkeys(("melody", "limits"), _LATER),
    },
    SectionBrief: {
        "name": "i intro, A to D, br break, e ending; a prime varies what stands before it: A'.",
        "bars": "Left open, the planner chooses.",
        "energy": "From 0 to 1; left open, the planner chooses.",
    },
    Hit: {"at_ms": "Milliseconds from the beginning."},
    Outline: {
        "style": "Whose sounds and grooves these are; any style takes any chords.",
        "kind": "What it is for, as in a brief.",
        "duration_ms": "The length of the file, kept exactly; the bars must fit into it.",
        "tempo": "Beats a minute; the beat is a dotted quarter in 6/8 and 12/8.",
        "meter": "The meter of all bars.",
        "tonality": "Where degree I stands and what it is, such as \"F minor\".",
        "sections": "The form, in order.",
        "parts": "Who plays; one part a role.",
        "contour": "The seed of the lead's melody; leave it as it is or empty.",
        "ending": "ring, button, open or fade; a loop has its turnaround.",
        "hits": "Moments that the whole band accents, as in a brief.",
        "texture": "How this plan differs from its siblings on purpose; words for people.",
        "planner": "Who made it: sampled, template (the fallback) or given.",
        "take": "Whose notes belong to it. The same plan, seed and take are the same notes.",
    },
    OutlineSection: {
        "name": "i intro, A to D, br break, e ending; a prime varies.",
        "bars": "As many as `chords` has.",
        "energy": "From 1 to 7: how many play, how busily and how loudly.",
        "roles": "Who plays here; each needs a part.",
        "chords": "One entry a bar between `|`, chords of one bar apart by spaces, `%` for the bar "
        "before again: `i | bVI | bIII bVII | %`. `/v1/capabilities` lists degrees, suffixes and "
        "basses.",
        "like": "The index, from 0, of an earlier section that this one repeats or varies; when "
        "that one is edited, this one follows.",
        "variation": "How far it varies: 0 the same, 3 far.",
        "patterns": "Which grooves and cells of the style are in force here.",
    },
    FamilyBrief: {
        "brand": "The character on six axes, each from -1 to 1: {axes}. Those left out are 0.",
        "tonic": "The note that all sounds stand on, such as D or F#; left open, drawn from the "
        "seed.",
        "functions": "Which sounds: any of {functions}. Left out, all that sound once.",
        "limits": "What must hold, by function, or under `all` for every one.",
        "delivery": "The files: sample rate, bit depth, channels, the family's loudness and its "
        "ceiling.",
        "candidates": "How many families to choose from. Each is charged when it is delivered.",
        "seed": "The same family with the same seed is the same sounds, for this account only.",
        "marking": "How the files say that they were made by a machine.",
        "rights": "What the license shall grant, where the pick says nothing else; `exclusive` is "
        "asked for at the pick only.",
        "quote": "A quote from `/v1/families/quotes` of the last fifteen minutes.",
        "max_tokens": "Refuse the family if its auditions would cost more than this.",
        "deadline_s": "Seconds after which what is not delivered is given up and not charged.",
        "project": "A name of yours to find families by.",
        "customer_ref": "A reference of yours; it is given back as it is.",
        "metadata": "Names and values of yours; they are given back as they are.",
    },
    FunctionLimits: {
        "duration_ms": "The length of the file, kept exactly.",
        "band_hz": "The window that holds 98 % of the energy.",
        "attack_ms": "The shortest and the longest rise from 10 to 90 %.",
        "decay_ms": "The shortest and the longest time to fall by 60 dB.",
        "peak_dbfs": "The highest peak.",
        "loudness_lufs": "The loudness of the loudest 400 ms; of shorter files of the loudest "
        "125 ms, in dB(A).",
    },
    RenditionOrder: {
        "version": "What of the music: master, stems, layers (intensities for a game), cut "
        "(shorter, with an ending of its own), sting, underscore (without melody), no_drums, "
        "transition, or loop_parts (a loop's intro, first pass and tail).",
        "profile": "For whom a package is laid out, as one archive; `version` and `stems` then "
        "play no part.",
        "duration_ms": "How long a cut, a sting or a transition shall be, kept exactly; a cut "
        "needs it.",
        "stems": 'Which stems: role groups that the music has, or ["all"]; for the version stems.',
        "format": "The file format.",
        "sample_rate": "Left open, as delivered, or as near as the format allows.",
        "bit_depth": "Left open, as delivered; MP3 and Ogg Vorbis have none.",
        "channels": "1 mono, 2 stereo, 4 or 6 for a cabin; left open, as delivered.",
        "lufs": "Loudness; left open, as delivered.",
        "true_peak_dbtp": "The ceiling; left open, as delivered.",
        "audible_mark": "China's audible mark (GB 45438-2025): a rhythm that says \"AI\" in Morse "
        "code, at the `start` or the `start_end`, over the music, which keeps its length; a loop "
        "has it outside what is repeated unless it is `in_loop`. The file then has the AIGC label.",
    },
    NewEndpoint: {
        "url": "Where messages are sent: https, at port 443 or 8443 of a public address, without "
        "user or password.",
        "types": "Which messages it wants; none named: all, also those that come later.",
        "description": "A name of yours for it.",
    },
    EndpointChange: {
        "url": "As for a new one.",
        "types": "As for a new one; an empty list: all.",
        "description": "A name of yours for it.",
        "disabled": "true: nothing more is sent, and what waits is dropped. false: what is told "
        "from now on is sent again.",
    },
    Redelivery: {
        "endpoint": "To this endpoint alone; left out: to all that it went to or that want it now.",
    },
    OutlinePart: {
        "role": "What it does.",
        "instrument": 'A General MIDI name ("Grand piano"), a drum kit ("Jazz kit") or one of our '
        'patches ("ep_tine"); `/v1/capabilities` lists them.',
        "low": "The lowest note it may play, as a MIDI number.",
        "high": "The highest.",
        "velocity": "From its softest to its loudest stroke.",
        "pan": "From -100, left, to 100, right.",
    },
}  # fmt: skip
"""What a field means, where its name and limits do not say it; words in braces stand for the list
of them that `engine.words` accepts."""
ABOUT[BatchLine] = {
    **ABOUT[NewBrief],
    "lane": "Always `batch`: a catalogue costs the batch price, and may wait.",
    "deadline_s": "How long this line may wait, where it is to be made sooner than the batch's "
    "`deadline_s` says.",
    "reference": "Your own name for the line; it comes back in results, statement and package.",
}
ABOUT[NewPicks] = {
    "first_line": "The first line of the upload to license from.",
    "last_line": "The last one; at most a hundred lines at once.",
    "rating_min": "License nothing that the panel rates lower than this.",
}
