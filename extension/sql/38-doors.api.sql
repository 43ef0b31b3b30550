-- SPDX-License-Identifier: PostgreSQL
-- Declarations ask who owns a table, so they are called through doors that note the caller: the
-- functions of the same names in gdpr_internal do the work.

--| Declares that any row of a table or view with the person's key holds the person back.
CREATE OR REPLACE FUNCTION gdpr.add_blocker(subject_type text, name text, relation regclass, key_column name)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.add_blocker(text, text, regclass, name) IS
  'Declares that any row of a table or view with the person''s key holds the person back';

--| Gives up a blocker.
CREATE OR REPLACE FUNCTION gdpr.drop_blocker(subject_type text, name text)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.drop_blocker(text, text) IS 'Gives up a blocker';

--| Sends rows that would reach a frozen person to another value: the suspense account.
CREATE OR REPLACE FUNCTION gdpr.redirect_frozen(subject_type text, relation regclass, column_name name, to_value text)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.redirect_frozen(text, regclass, name, text) IS
  'Gives rows that would reach a frozen person another value in a link column (the suspense account)';

--| Gives up a redirect; rows that would reach a frozen person are refused again.
CREATE OR REPLACE FUNCTION gdpr.drop_redirect(subject_type text, relation regclass, column_name name)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.drop_redirect(text, regclass, name) IS
  'Gives up a redirect; rows that would reach a frozen person are refused again';

--| Declares that rows of a table belong to the people (or rows) whose parent columns they repeat.
CREATE OR REPLACE FUNCTION gdpr.add_link(
  subject_type text, relation regclass, columns name[], parent regclass DEFAULT NULL,
  parent_columns name[] DEFAULT NULL, discriminator name DEFAULT NULL, discriminator_value text DEFAULT NULL,
  scope text DEFAULT 'owned', on_erase text DEFAULT 'anonymize')
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.add_link(text, regclass, name[], regclass, name[], name, text, text, text) IS
  'Declares that rows of a table belong to the people, or the rows reached before, whose columns they repeat';

--| Gives up links by their columns; parent and discriminator value narrow the choice.
CREATE OR REPLACE FUNCTION gdpr.drop_link(
  subject_type text, relation regclass, columns name[], parent regclass DEFAULT NULL, discriminator_value text DEFAULT NULL)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.drop_link(text, regclass, name[], regclass, text) IS
  'Gives up links by their columns; parent and discriminator value narrow the choice';

--| Declares a table of people.
CREATE OR REPLACE FUNCTION gdpr.register_subject(
  subject_type text, relation regclass, key name[] DEFAULT NULL, anonymization boolean DEFAULT true)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.register_subject(text, regclass, name[], boolean) IS
  'Declares a table of people under a name; the key defaults to the primary key';

--| Gives up a subject type with its links, blockers and redirects.
CREATE OR REPLACE FUNCTION gdpr.unregister_subject(subject_type text, forget_frozen boolean DEFAULT false)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.unregister_subject(text, boolean) IS
  'Gives up a subject type with its links, blockers and redirects; refused while it has frozen people unless told to forget them';

--| Gives up what was declared on tables and columns that are gone.
CREATE OR REPLACE FUNCTION gdpr.drop_missing(subject_type text)
RETURNS bigint
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.drop_missing(text) IS
  'Gives up links, blockers and redirects on tables and columns that do not exist any more; returns how many';

--| Declares that a column says when there was something to do with a person.
CREATE OR REPLACE FUNCTION gdpr.add_interaction(subject_type text, relation regclass, column_name name)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.add_interaction(text, regclass, name) IS
  'Declares that a date or time in the table of people, or in one that an owned link reaches, is an interaction with the person';

--| Gives up an interaction.
CREATE OR REPLACE FUNCTION gdpr.drop_interaction(subject_type text, relation regclass, column_name name)
RETURNS void
LANGUAGE c AS 'MODULE_PATHNAME', 'gdpr_door';
COMMENT ON FUNCTION gdpr.drop_interaction(text, regclass, name) IS
  'Gives up an interaction: its dates keep nobody any longer';
