curl -s "$CUESMITH_URL/v1/licenses/$LICENSE/certificate" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o license.json
curl -s "$CUESMITH_URL/v1/tracks/$TRACK/audio" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o track.wav
curl -s "$CUESMITH_URL/.well-known/jwks.json" -o jwks.json
cuesmith licenses verify track.wav --certificate license.json
