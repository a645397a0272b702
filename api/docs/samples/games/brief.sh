BRIEF=$(curl -s "$CUESMITH_URL/v1/briefs" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Idempotency-Key: kart-select-1" \
  -H "Content-Type: application/json" -d '{
    "prompt": "kart selection screen, light retro synths",
    "kind": "loop", "style": "synthwave", "bars": 4, "bpm": 120, "tonality": "F minor",
    "instruments": {"require": ["drums", "bass", "lead"], "forbid": ["choir"]},
    "stems": ["all"], "candidates": 2, "seed": 7, "max_tokens": 4}' | jq -r .id)
echo "$BRIEF"
