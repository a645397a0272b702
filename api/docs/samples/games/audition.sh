CANDIDATE=$(curl -s "$CUESMITH_URL/v1/briefs/$BRIEF" \
  -H "Authorization: Bearer $CUESMITH_KEY" | jq -r '.candidates[0].id')
curl -s "$CUESMITH_URL/v1/candidates/$CANDIDATE" \
  -H "Authorization: Bearer $CUESMITH_KEY" | jq -c '.measured[] | {name, asked, measured, pass}'
curl -s "$CUESMITH_URL/v1/candidates/$CANDIDATE/audio?format=mp3" \
  -H "Authorization: Bearer $CUESMITH_KEY" -o audition.mp3
