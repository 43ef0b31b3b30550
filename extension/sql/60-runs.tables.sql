-- SPDX-License-Identifier: PostgreSQL
-- The ledger of gdpr-batch: runs, their chunks, the people a run could not do, and the queue.
-- A chunk is one row with an array of keys. A transaction leases it by a row lock, does a slice of it
-- (people upto + 1 to some last one) and moves upto: being killed anywhere leaves a slice either
-- untouched or done.

--| one run of gdpr-batch over a list of people
CREATE TABLE gdpr_internal.run (
  run bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  job text NOT NULL CHECK (job IN ('anonymize', 'reconsent', 'mark', 'retention', 'import-optouts')),
  subject_type text NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  unclassified text NOT NULL DEFAULT 'error' CHECK (unclassified IN ('error', 'keep')),
  state text NOT NULL DEFAULT 'planning'
    CHECK (state IN ('planning', 'planned', 'running', 'paused', 'finished', 'cancelled')),
  options jsonb NOT NULL DEFAULT '{}',
  plan_fingerprint text,
  people bigint NOT NULL DEFAULT 0,
  chunks int NOT NULL DEFAULT 0,
  stage smallint NOT NULL DEFAULT 0,
  paused_reason text,
  started_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  started_by name NOT NULL,
  finished_at timestamptz
);
COMMENT ON TABLE gdpr_internal.run IS 'one run of gdpr-batch over a list of people';
COMMENT ON COLUMN gdpr_internal.run.run IS 'number of the run';
COMMENT ON COLUMN gdpr_internal.run.job IS 'the verb of gdpr-batch';
COMMENT ON COLUMN gdpr_internal.run.subject_type IS 'whom it is about';
COMMENT ON COLUMN gdpr_internal.run.reason IS 'why; the certificates name it';
COMMENT ON COLUMN gdpr_internal.run.unclassified IS 'error: unclassified columns stop it; keep: they are let through';
COMMENT ON COLUMN gdpr_internal.run.state IS 'planning: the list is being written; planned: it is there and waits for its start; running: chunks may be leased; paused: they may not until it is resumed; finished; cancelled: given up';
COMMENT ON COLUMN gdpr_internal.run.options IS 'how it was asked for';
COMMENT ON COLUMN gdpr_internal.run.plan_fingerprint IS 'the schema it was preflighted for; a resumed run is preflighted again if it changed';
COMMENT ON COLUMN gdpr_internal.run.people IS 'people on the list';
COMMENT ON COLUMN gdpr_internal.run.chunks IS 'chunks of the list';
COMMENT ON COLUMN gdpr_internal.run.stage IS 'chunks up to this stage may be leased';
COMMENT ON COLUMN gdpr_internal.run.paused_reason IS 'why it is paused, or why a session that works on it waits';
COMMENT ON COLUMN gdpr_internal.run.started_at IS 'when it was started';
COMMENT ON COLUMN gdpr_internal.run.started_by IS 'who started it';
COMMENT ON COLUMN gdpr_internal.run.finished_at IS 'when it finished or was given up';

--| at most one run of a job that has begun and not ended for each subject type; plans may wait in any number
CREATE UNIQUE INDEX run_unfinished ON gdpr_internal.run (subject_type, job)
  WHERE state IN ('planning', 'running', 'paused');
COMMENT ON INDEX gdpr_internal.run_unfinished IS 'at most one run of a job that has begun and not ended for each subject type';

--| a part of a run that one transaction at a time works on; its keys are emptied when it is done
CREATE TABLE gdpr_internal.chunk (
  run bigint NOT NULL REFERENCES gdpr_internal.run ON DELETE CASCADE,
  chunk int NOT NULL,
  state text NOT NULL DEFAULT 'pending' CHECK (state IN ('pending', 'done')),
  keys text[] NOT NULL,
  people int NOT NULL,
  changed int NOT NULL DEFAULT 0,
  attempts int NOT NULL DEFAULT 0,
  rows jsonb NOT NULL DEFAULT '{}',
  stage smallint NOT NULL DEFAULT 0,
  upto int NOT NULL DEFAULT 0,
  begun_at timestamptz,
  done_at timestamptz,
  PRIMARY KEY (run, chunk),
  CHECK (upto BETWEEN 0 AND people),
  CHECK (state = 'pending' OR (keys = '{}' AND done_at IS NOT NULL AND upto = people))
);
COMMENT ON TABLE gdpr_internal.chunk IS
  'a part of a run that one transaction at a time works on; the keys are emptied when it is done (certificates, events and run_person say who)';
COMMENT ON COLUMN gdpr_internal.chunk.run IS 'the run';
COMMENT ON COLUMN gdpr_internal.chunk.chunk IS 'number in the run, from 1';
COMMENT ON COLUMN gdpr_internal.chunk.state IS 'pending or done';
COMMENT ON COLUMN gdpr_internal.chunk.keys IS 'canonical subject keys; empty when done';
COMMENT ON COLUMN gdpr_internal.chunk.people IS 'how many there were';
COMMENT ON COLUMN gdpr_internal.chunk.changed IS 'for how many of them the job was done';
COMMENT ON COLUMN gdpr_internal.chunk.attempts IS 'how often its slices were tried, the last times included';
COMMENT ON COLUMN gdpr_internal.chunk.rows IS 'what was changed, counted by thing: rows by table';
COMMENT ON COLUMN gdpr_internal.chunk.stage IS 'leased once the run has come to this stage';
COMMENT ON COLUMN gdpr_internal.chunk.upto IS 'people 1 to this one are done';
COMMENT ON COLUMN gdpr_internal.chunk.begun_at IS 'when its first slice began';
COMMENT ON COLUMN gdpr_internal.chunk.done_at IS 'when its last slice was done';

--| finds the next chunk to lease however many are done
CREATE INDEX chunk_pending ON gdpr_internal.chunk (run, chunk) WHERE state = 'pending';
COMMENT ON INDEX gdpr_internal.chunk_pending IS 'finds the next chunk to lease however many are done';

--| the people of a run for whom its job was not done, and why
CREATE TABLE gdpr_internal.run_person (
  run bigint NOT NULL,
  chunk int NOT NULL,
  subject_key text NOT NULL,
  state text NOT NULL CHECK (state IN ('held', 'missing', 'frozen', 'skipped', 'failed')),
  sqlstate text,
  reason text,
  blockers jsonb,
  noted_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  settled boolean NOT NULL DEFAULT false,
  PRIMARY KEY (run, chunk, subject_key)
);
COMMENT ON TABLE gdpr_internal.run_person IS
  'the people of a run for whom its job was not done, and why; settled once a later run or call has dealt with them';
COMMENT ON COLUMN gdpr_internal.run_person.run IS 'the run';
COMMENT ON COLUMN gdpr_internal.run_person.chunk IS 'the chunk';
COMMENT ON COLUMN gdpr_internal.run_person.subject_key IS 'the person; a keyed digest where the key is personal and the person gone';
COMMENT ON COLUMN gdpr_internal.run_person.state IS 'held: by blockers; missing: nobody has that key; frozen: anonymized before; skipped: need it no more, or may not; failed: an error';
COMMENT ON COLUMN gdpr_internal.run_person.sqlstate IS 'of the error';
COMMENT ON COLUMN gdpr_internal.run_person.reason IS 'without any value';
COMMENT ON COLUMN gdpr_internal.run_person.blockers IS 'what holds the person back: rows by blocker';
COMMENT ON COLUMN gdpr_internal.run_person.noted_at IS 'when';
COMMENT ON COLUMN gdpr_internal.run_person.settled IS 'a later run or call has dealt with the person';

--| finds what earlier runs said about a person, settled or not: all of it goes with a personal key
CREATE INDEX run_person_key ON gdpr_internal.run_person (subject_key);
COMMENT ON INDEX gdpr_internal.run_person_key IS 'finds what earlier runs said about a person';

--| people who are to be anonymized when their day comes (gdpr-batch anonymize --due)
CREATE TABLE gdpr_internal.erasure_queue (
  request bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  subject_type text NOT NULL,
  subject_key text COLLATE "C" NOT NULL,
  reason text NOT NULL CHECK (reason <> ''),
  due_at timestamptz NOT NULL,
  state text NOT NULL DEFAULT 'due' CHECK (state IN ('due', 'held', 'failed', 'missing', 'done')),
  run bigint,
  action text NOT NULL DEFAULT 'anonymize' CHECK (action IN ('anonymize', 'delete')),
  queued_at timestamptz NOT NULL DEFAULT clock_timestamp(),
  queued_by name NOT NULL,
  settled_at timestamptz
);
COMMENT ON TABLE gdpr_internal.erasure_queue IS
  'people who are to be anonymized when their day comes; held and failed ones are tried again by the next gdpr-batch anonymize --due';
COMMENT ON COLUMN gdpr_internal.erasure_queue.request IS 'number of the request';
COMMENT ON COLUMN gdpr_internal.erasure_queue.subject_type IS 'whom it is about';
COMMENT ON COLUMN gdpr_internal.erasure_queue.subject_key IS 'the person; a keyed digest where the key is personal and the person gone';
COMMENT ON COLUMN gdpr_internal.erasure_queue.reason IS 'why';
COMMENT ON COLUMN gdpr_internal.erasure_queue.due_at IS 'not before';
COMMENT ON COLUMN gdpr_internal.erasure_queue.state IS 'due, held or failed: waits; missing or done: settled';
COMMENT ON COLUMN gdpr_internal.erasure_queue.run IS 'the last run that tried';
COMMENT ON COLUMN gdpr_internal.erasure_queue.action IS 'anonymize, or delete: the rows go too';
COMMENT ON COLUMN gdpr_internal.erasure_queue.queued_at IS 'when it was queued';
COMMENT ON COLUMN gdpr_internal.erasure_queue.queued_by IS 'who queued it';
COMMENT ON COLUMN gdpr_internal.erasure_queue.settled_at IS 'when a run last tried';

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
