cat > catalogue.jsonl <<'END'
{"reference": "UP-001", "prompt": "bright corporate pop, claps", "kind": "bed", "duration_ms": 10000, "candidates": 2}
{"reference": "UP-002", "prompt": "温暖的低保真节拍", "kind": "bed", "duration_ms": 8000, "candidates": 1}
{"reference": "UP-003", "prompt": "a door to a mystery", "kind": "sting", "duration_ms": 3000, "candidates": 2}
END
curl -s "$CUESMITH_URL/v1/batches/quotes" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Content-Type: application/jsonl" \
  --data-binary @catalogue.jsonl | jq '{briefs, tokens, license_tokens, available_tokens}'
