SELECT matched, people, kept, already, newer, invalid FROM gdpr.import_optouts_finish($1)
