-- SPDX-License-Identifier: PostgreSQL
-- People to read: :rows of them in reach.person for points and pages, :scan in reach.customer for scans, and as many
-- articles, which belong to nobody. What reads them is declared in every database; whether it is audited, is not.
SET client_min_messages = warning;
CREATE SCHEMA reach;
CREATE TABLE reach.person (id bigint PRIMARY KEY, name text NOT NULL, email text NOT NULL, country text NOT NULL);
INSERT INTO reach.person SELECT g, 'Person ' || g, 'person' || g || '@example.org', 'CY' FROM generate_series(1, :rows) AS g;
CREATE TABLE reach.customer (id bigint PRIMARY KEY, name text NOT NULL, segment int NOT NULL, lot int NOT NULL);
INSERT INTO reach.customer SELECT g, 'Customer ' || g, g % 7, (g * 7919::bigint) % 100 FROM generate_series(1, :scan) AS g;
CREATE TABLE reach.article (id bigint PRIMARY KEY, title text NOT NULL);
INSERT INTO reach.article SELECT g, 'Article ' || g FROM generate_series(1, :rows) AS g;
SELECT gdpr.register_subject('person', 'reach.person'), gdpr.register_subject('customer', 'reach.customer');
VACUUM (ANALYZE) reach.person, reach.customer, reach.article;
