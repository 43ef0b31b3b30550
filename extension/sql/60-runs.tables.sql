-- SPDX-License-Identifier: PostgreSQL
-- The ledger of gdpr-batch: runs, their chunks, the people a run could not anonymize, and the queue.
-- A chunk is one row with an array of keys: it is leased by a row lock and marked done in the
-- transaction that did it, so that being killed anywhere leaves it either untouched or done.

--| one run of gdpr-batch over a list of people
CREATE TABLE gdpr_internal.run (
  run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL,
  subject_type text NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  unclassified text NOT NULL DEFAULT 'error' CHECK (unclassified IN ('error', 'keep')),
  state text NOT NULL DEFAULT 'planning'
    CHECK (state IN ('planning', 'running', 'finished', 'cancelled')),
  options jsonb NOT NULL DEFAULT '{}',
  plan_fingerprint text,
  people bigint NOT NULL DEFAULT 0,
  chunks int NOT NULL DEFAULT 0,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_by name NOT NULL,
  finished_at timestamptz
);
COMMENT ON TABLE gdpr_internal.run IS 'one run of gdpr-batch over a list of people';

--| at most one unfinished run for each subject type
CREATE UNIQUE INDEX run_unfinished ON gdpr_internal.run (subject_type)
  WHERE state IN ('planning', 'running');
COMMENT ON INDEX gdpr_internal.run_unfinished IS 'at most one unfinished run for each subject type';

--| a part of a run that is done in one transaction; its keys are emptied when it is done
CREATE TABLE gdpr_internal.chunk (
  run bigint NOT NULL REFERENCES gdpr_internal.run ON DELETE CASCADE,
  chunk int NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
  keys text[] NOT NULL,
  people int NOT NULL,
  erased int NOT NULL DEFAULT 0,
  attempts int NOT NULL DEFAULT 0,
  rows jsonb NOT NULL DEFAULT '{}',
  done_at timestamptz,
  PRIMARY KEY (run, chunk),
  CHECK (state = 'pending' OR (keys = '{}' AND done_at IS NOT NULL))
);
COMMENT ON TABLE gdpr_internal.chunk IS
  'a part of a run that is done in one transaction; the keys are emptied when it is done (certificates and run_person say who)';

--| finds the next chunk to lease however many are done
CREATE INDEX chunk_pending ON gdpr_internal.chunk (run, chunk) WHERE state = 'pending';
COMMENT ON INDEX gdpr_internal.chunk_pending IS 'finds the next chunk to lease however many are done';

--| the people of a run who were not anonymized, and why
CREATE TABLE gdpr_internal.run_person (
  run bigint NOT NULL REFERENCES gdpr_internal.run ON DELETE CASCADE,
  chunk int NOT NULL,
  subject_key text NOT NULL,
  state text NOT NULL CHECK (state IN ('held', 'missing', 'frozen', 'failed')),
  sqlstate text,
  reason text,
  blockers jsonb,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled boolean NOT NULL DEFAULT false,
  PRIMARY KEY (run, chunk, subject_key)
);
COMMENT ON TABLE gdpr_internal.run_person IS
  'the people of a run who were not anonymized, and why; settled once a later run or call has dealt with them';

--| finds what earlier runs said about a person
CREATE INDEX run_person_open ON gdpr_internal.run_person (subject_key) WHERE NOT settled;
COMMENT ON INDEX gdpr_internal.run_person_open IS 'finds what earlier runs said about a person';

--| people who are to be anonymized when their day comes (gdpr-batch anonymize --due)
CREATE TABLE gdpr_internal.erasure_queue (
  request bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject_type text NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  due_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'held', 'failed', 'missing', 'done')),
  run bigint,
  queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  queued_by name NOT NULL,
  settled_at timestamptz
);
COMMENT ON TABLE gdpr_internal.erasure_queue IS
  'people who are to be anonymized when their day comes; held and failed ones are tried again by the next gdpr-batch anonymize --due';

--| a person waits at most once
CREATE UNIQUE INDEX erasure_queue_open ON gdpr_internal.erasure_queue (subject_type, subject_key)
  WHERE state IN ('due', 'held', 'failed');
COMMENT ON INDEX gdpr_internal.erasure_queue_open IS 'a person waits at most once';

SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.run', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.run_run_seq', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.chunk', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.run_person', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.erasure_queue', '');
SELECT pg_catalog.pg_extension_config_dump('gdpr_internal.erasure_queue_request_seq', '');
