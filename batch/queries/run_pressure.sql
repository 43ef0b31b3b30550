SELECT standby, lag_seconds, lag_bytes, lock_waits, active_sessions FROM gdpr.run_pressure()
