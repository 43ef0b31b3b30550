SELECT subject_type, coalesce(purpose, 'every purpose') AS purpose, coalesce(channel, 'every channel') AS channel, people
FROM gdpr.report_opt_outs($1)
