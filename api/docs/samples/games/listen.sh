curl -sN "$CUESMITH_URL/v1/briefs/$BRIEF/events" -H "Authorization: Bearer $CUESMITH_KEY"
