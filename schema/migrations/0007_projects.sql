-- Patterns belong to projects and carry the code that their test needs; frameworks and languages are
-- validated by the records (records/patterns.py), so that a new one needs no step here.

-- The projects that tests were extracted from.
create table projects (
  key  text primary key,  -- what identifies it (retrieval/extraction/discovery/project_root.py)
  name text not null unique,
  settled_at text  -- when a whole folder of it was last brought in line with the bank
) strict, without rowid;

alter table patterns add column project text not null default '';
alter table patterns add column context text not null default '[]'
  check (json_valid(context) and json_type(context) = 'array');
alter table patterns add column placeholders text not null default '[]'
  check (json_valid(placeholders) and json_type(placeholders) = 'array');
-- Since when an extraction does not find the test any more.
alter table patterns add column gone_since text;

-- Removes the CHECKs on two columns: copies each, drops it, and gives the copy its name.
drop index patterns_by_facets;
drop index patterns_by_category;
drop index patterns_by_language;
alter table patterns add column new_framework text not null default '';
alter table patterns add column new_language text not null default '';
update patterns set new_framework = framework, new_language = language;
alter table patterns drop column framework;
alter table patterns drop column language;
alter table patterns rename column new_framework to framework;
alter table patterns rename column new_language to language;
create index patterns_by_facets on patterns (framework, language, category, quality desc);
create index patterns_by_category on patterns (category, language, quality desc);
create index patterns_by_language on patterns (language, quality desc);
create index patterns_by_project on patterns (project, framework, language, category);
create index patterns_gone on patterns (project) where gone_since is not null;

-- Trusted patterns are listed before unproven ones, and those before patterns whose test is gone.
alter table patterns add column tier integer generated always as
  (case when gone_since is not null then 2 when trust = 'unproven' then 1 else 0 end) virtual;
drop index patterns_by_evidence;
create index patterns_by_evidence on patterns (tier, evidence desc, quality desc, id);
