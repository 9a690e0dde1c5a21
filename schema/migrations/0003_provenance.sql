-- Where a pattern comes from, whether anybody but its author vouches for it, and what a repair has
-- set aside.

alter table patterns add column origin text not null default 'human'
  check (origin in ('built-in', 'human', 'extracted', 'agent', 'imported'));
alter table patterns add column agent_id text not null default '';
alter table patterns add column run_id text not null default '';
-- An unproven pattern stands behind all others in answers (retrieval/trust.py).
alter table patterns add column trust text not null default 'trusted'
  check (trust in ('trusted', 'unproven'));
update patterns set origin = 'extracted' where source is not null;
create index patterns_unproven on patterns (agent_id) where trust = 'unproven';

alter table pattern_versions add column agent_id text not null default '';
alter table pattern_versions add column run_id text not null default '';

-- Damaged patterns with all that belonged to them, as JSON; bytes that are no text as hex.
create table repair_quarantine (
  quarantine_rowid integer primary key,
  pattern_id       text not null,
  reason           text not null,
  content          text not null check (json_valid(content)),
  quarantined_at   text not null
) strict;
