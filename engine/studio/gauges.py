"""What a studio is and has at the moment, for whoever is on call. There whoever makes the music."""

from prometheus_client import Counter, Gauge

BACKEND = Gauge("studio_backend_info", "1 for who makes the music here", ["name", "digest"])
SESSIONS = Gauge("studio_sessions", "Briefs that this studio makes at the same time")
PLAYERS = Gauge("studio_players", "Processes that render and encode")
PLAYERS_BUSY = Gauge("studio_players_busy", "Those of them that play a take")
PLAYERS_LOST = Counter("studio_players_lost_total", "Players that were killed")
MEMORY = Gauge("studio_memory_bytes", "Resident memory of the studio and of its players", ["kind"])
