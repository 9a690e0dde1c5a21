-- The pattern bank: rows, their history and use, embeddings and the full-text index.
-- The vector index patterns_vec is made by vector_index.py, since its width is the encoder's.

create table schema_migrations (
  version    integer primary key,
  name       text not null,
  checksum   text not null,
  applied_at text not null
) strict;

-- Facts about the bank as a whole, such as the version of the full-text word splitter.
create table bank_facts (
  key   text primary key,
  value text not null
) strict, without rowid;

-- Each encoder that embeddings here were made with; exactly one of them is in use.
create table encoders (
  encoder_rowid integer primary key,
  name       text not null,
  dimension  integer not null check (dimension between 1 and 8192),
  revision   text not null,
  in_use     integer not null default 0 check (in_use in (0, 1)),
  adopted_at text not null,
  unique (name, dimension, revision)
) strict;
create unique index encoders_one_in_use on encoders (in_use) where in_use = 1;

create table patterns (
  pattern_rowid integer primary key,  -- shared with patterns_fts and patterns_vec
  id            text not null unique check (length(id) between 1 and 128),
  name          text not null check (length(name) between 1 and 200),
  description   text not null,
  category      text not null
                check (category in ('unit', 'integration', 'e2e', 'performance', 'security')),
  framework     text not null
                check (framework in ('pytest', 'unittest', 'jest', 'vitest', 'mocha', 'jasmine',
                                     'ava', 'playwright', 'cypress')),
  language      text not null check (language in ('python', 'javascript', 'typescript')),
  template      text not null,
  examples      text not null check (json_valid(examples) and json_type(examples) = 'array'),
  tags          text not null check (json_valid(tags) and json_type(tags) = 'array'),
  confidence    real not null check (confidence between 0 and 1),
  quality       real not null check (quality between 0 and 1),
  -- The mean of the four components of quality that do not depend on use.
  base_quality  real not null check (base_quality between 0 and 1),
  success_count integer not null default 0 check (success_count between 0 and usage_count),
  usage_count   integer not null default 0 check (usage_count >= 0),
  success_rate  real generated always as
                (case usage_count when 0 then 0.0 else 1.0 * success_count / usage_count end) virtual,
  -- Lower confidence bound on success (retrieval/evidence.py), kept here to order by.
  evidence      real not null check (evidence between 0 and 1),
  version       integer not null default 1 check (version >= 1),
  source        text,
  content_hash  text not null check (length(content_hash) = 64),
  signature     blob not null check (length(signature) = 256),  -- retrieval/near_duplicates.py
  created_at    text not null,
  updated_at    text not null
) strict;
create index patterns_by_facets on patterns (framework, language, category, quality desc);
create index patterns_by_category on patterns (category, language, quality desc);
create index patterns_by_language on patterns (language, quality desc);
create index patterns_by_evidence on patterns (evidence desc, quality desc, id);
create index patterns_by_quality on patterns (quality desc, id);
create index patterns_by_usage on patterns (usage_count desc, id);
create index patterns_by_created on patterns (created_at desc, id);

create table pattern_tags (
  tag           text not null,  -- case-folded
  pattern_rowid integer not null references patterns (pattern_rowid) on delete cascade,
  primary key (tag, pattern_rowid)
) strict, without rowid;
create index pattern_tags_by_pattern on pattern_tags (pattern_rowid);

-- Near-duplicates share one of these numbers, most likely.
create table pattern_bands (
  band          integer not null,
  pattern_rowid integer not null references patterns (pattern_rowid) on delete cascade,
  primary key (band, pattern_rowid)
) strict, without rowid;
create index pattern_bands_by_pattern on pattern_bands (pattern_rowid);

create table pattern_usage (
  usage_rowid       integer primary key,
  pattern_id        text not null references patterns (id) on delete cascade,
  agent_id          text not null,
  task_id           text not null,
  project_id        text not null,
  context           text not null,
  success           integer not null check (success in (0, 1)),
  execution_time_ms real check (execution_time_ms >= 0),
  coverage_achieved real check (coverage_achieved between 0 and 1),
  error_message     text,
  used_at           text not null
) strict;
create index pattern_usage_by_pattern on pattern_usage (pattern_id, used_at desc);

create table pattern_versions (
  version_rowid      integer primary key,
  pattern_id         text not null references patterns (id) on delete cascade,
  version_number     integer not null check (version_number >= 1),
  snapshot           text not null check (json_valid(snapshot)),
  change_description text not null,
  created_by         text not null,
  created_at         text not null,
  unique (pattern_id, version_number)
) strict;

-- Uses by agent, so that evidence can count each agent up to a limit (retrieval/evidence.py).
create table pattern_agent_counts (
  pattern_rowid integer not null references patterns (pattern_rowid) on delete cascade,
  agent_id      text not null,
  success_count integer not null check (success_count between 0 and usage_count),
  usage_count   integer not null check (usage_count > 0),
  primary key (pattern_rowid, agent_id)
) strict, without rowid;

-- The truth that patterns_vec is rebuilt from: little-endian float32, unit length.
-- text_hash is that of the text that was embedded; the same text is not embedded again.
create table pattern_embeddings (
  pattern_rowid integer not null references patterns (pattern_rowid) on delete cascade,
  encoder_rowid integer not null references encoders (encoder_rowid) on delete cascade,
  embedding     blob not null check (length(embedding) % 4 = 0 and length(embedding) > 0),
  text_hash     text not null,
  primary key (pattern_rowid, encoder_rowid)
) strict;
create index pattern_embeddings_by_encoder on pattern_embeddings (encoder_rowid);

-- Keeps its own copy of the words, so that it cannot drift from a row that was changed elsewhere.
create virtual table patterns_fts using fts5 (
  name, description, tags, code, tokenize = 'porter unicode61 remove_diacritics 2'
);
-- Words of a deleted pattern leave the file with it; they may have held a secret.
insert into patterns_fts (patterns_fts, rank) values ('secure-delete', 1);
