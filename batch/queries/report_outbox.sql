SELECT kind, channel, state, messages, to_char(oldest, 'YYYY-MM-DD') AS oldest FROM gdpr.report_outbox()
