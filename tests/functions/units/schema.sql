-- create table commented (a int);
BEGIN;
CREATE TABLE IF NOT EXISTS "Shop".users (
  id int, -- a; b
  name text DEFAULT 'it''s; fine'
);
create unique index on users (name);
CREATE INDEX CONCURRENTLY idx_name ON users (name);
/* alter table hidden
   add x; */
ALTER TABLE users ADD COLUMN age int;
ALTER TABLE ONLY users ADD CHECK (age > 0);
insert into users (id, name) values (1, 'a;b'), (2, 'it\'s');
CREATE OR REPLACE FUNCTION touch() RETURNS trigger AS $body$
BEGIN
  NEW.at := now();
  RETURN NEW;
END;
$body$ LANGUAGE plpgsql;
CREATE TRIGGER touched BEFORE UPDATE ON users BEGIN UPDATE users SET id = 1; DELETE FROM users; END;
COPY users (id, name) FROM stdin;
1	create table fake;
\.
WITH a AS (SELECT 1) SELECT * FROM a;
SELECT id FROM {{ ref('orders; x') }} WHERE x = 1;
GO
CREATE PROCEDURE dbo.[Do It] AS
  SELECT 1;
  IF 1 = 1 BEGIN SELECT CASE WHEN 1 = 1 THEN 2 END; END
GO
DELIMITER //
CREATE PROCEDURE p() BEGIN
  SELECT 1;
  SELECT 2;
END//
DELIMITER ;
CREATE FUNCTION one() RETURNS int AS 'select 1;' LANGUAGE sql;
CREATE PROCEDURE oracle_one IS
  n NUMBER;
BEGIN
  IF n > 1 THEN n := 2; END IF;
END;
/
drop table if exists old, older;
GRANT SELECT ON TABLE users TO reader
