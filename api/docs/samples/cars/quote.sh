cat > family.json <<'END'
{"brand": {"warm": 0.6, "futuristic": 0.3}, "tonic": "D", "seed": 1, "candidates": 2,
 "functions": ["welcome", "door_open", "door_close", "seat_belt", "warn"],
 "limits": {"door_open": {"duration_ms": 900}, "all": {"peak_dbfs": -3}},
 "delivery": {"sample_rate": 48000, "channels": 2}}
END
curl -s "$CUESMITH_URL/v1/families/quotes" \
  -H "Authorization: Bearer $CUESMITH_KEY" -H "Content-Type: application/json" \
  -d @family.json | jq '{audition_tokens, license_tokens, expected_s}'
