-- SPDX-License-Identifier: PostgreSQL
-- People and what was said to them, both audited, for tests of what happens to the record of reads when something
-- breaks. :people of them; every person has two activities.
SET client_min_messages = warning;
\set ON_ERROR_STOP 1
CREATE TABLE public.person (id bigint PRIMARY KEY, name text NOT NULL, country text NOT NULL, filler text NOT NULL);
INSERT INTO public.person
  SELECT g, 'name ' || g, (ARRAY['CY', 'GR', 'DE'])[1 + g % 3], repeat('x', 40) FROM generate_series(1, :people) AS g;
CREATE TABLE public.activity (id bigint PRIMARY KEY, person_id bigint NOT NULL, what text NOT NULL);
INSERT INTO public.activity SELECT g, (g + 1) / 2, 'call ' || g FROM generate_series(1, 2 * :people) AS g;
CREATE INDEX ON public.activity (person_id);
CREATE TABLE public.article (id bigint PRIMARY KEY, title text NOT NULL);
INSERT INTO public.article SELECT g, 'article ' || g FROM generate_series(1, :people) AS g;
VACUUM ANALYZE public.person, public.activity, public.article;
SELECT gdpr.register_subject('person', 'public.person') IS NULL AS x,
  gdpr.add_link('person', 'public.activity', '{person_id}') IS NULL AS y,
  gdpr.audit('public.person') IS NULL AS z, gdpr.audit('public.activity') IS NULL AS w \gset
