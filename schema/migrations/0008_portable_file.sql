-- Any SQLite from 3.35 on reads the file, without an extension: no STRICT tables (3.37), no index of
-- sqlite-vec, a text index in the format of all versions of FTS5. Views for people: docs/sql.md.

-- Every open transaction of a file that is upgraded sees the schema of one moment, as with other DDL.
pragma writable_schema = on;
-- The embeddings are scanned where they are (vector_search.py). Without its row, the tables of the
-- index are ordinary ones, which can be dropped where sqlite-vec is missing as well.
delete from sqlite_schema where name = 'patterns_vec';
-- What STRICT has checked, each column checks (migrations/column_types.py). Tables of other programs
-- stay as they are.
update sqlite_schema set sql = with_type_checks(sql) where type = 'table' and name in (
  'schema_migrations', 'bank_facts', 'encoders', 'patterns', 'pattern_tags', 'pattern_bands',
  'pattern_usage', 'pattern_versions', 'pattern_agent_counts', 'pattern_embeddings',
  'learning_agents', 'learning_switches', 'learning_settings', 'learning_history',
  'learning_history_archive', 'learning_daily', 'q_values', 'learned_patterns',
  'failure_patterns', 'strategy_trials', 'improvement_cycles', 'improvement_stages',
  'improvement_loop', 'repair_quarantine', 'embedding_changes', 'projects');
pragma writable_schema = reset;
drop table if exists patterns_vec_info;
drop table if exists patterns_vec_chunks;
drop table if exists patterns_vec_rowids;
drop table if exists patterns_vec_vector_chunks00;
drop table if exists patterns_vec_metadatachunks00;
drop table if exists patterns_vec_metadatachunks01;
drop table if exists patterns_vec_metadatachunks02;
drop table if exists patterns_vec_metadatachunks03;
drop table if exists patterns_vec_metadatachunks04;
drop table if exists patterns_vec_metadatatext00;
drop table if exists patterns_vec_metadatatext01;
drop table if exists patterns_vec_metadatatext02;
delete from bank_facts where key = 'vectors_pending';

-- With secure-delete, FTS5 writes format 5, which SQLite before 3.42 refuses. Rebuilding writes
-- format 4, also later to remove the words of deleted patterns (text_index.py).
insert into patterns_fts (patterns_fts, rank) values ('secure-delete', 0);
insert into patterns_fts (patterns_fts) values ('rebuild');

-- Views for people: names and columns stay as they are (docs/sql.md). Times are UTC, to the second;
-- a rate without anything to count is null.
create view v_patterns as
  select p.id, p.project, p.source,
    case substr(rtrim(p.source, '0123456789'), -1) when ':'
      then rtrim(rtrim(p.source, '0123456789'), ':') else p.source end as file,
    p.name, p.description, p.category, p.framework, p.language, p.tags, p.template as code,
    p.quality, p.usage_count as uses, p.success_count as successes,
    1.0 * p.success_count / nullif(p.usage_count, 0) as success_rate,
    strftime('%Y-%m-%dT%H:%M:%SZ', (
      select max(u.used_at) from pattern_usage u where u.pattern_id = p.id)) as last_used,
    p.origin, nullif(p.agent_id, '') as agent, nullif(p.run_id, '') as run, p.trust, p.version,
    strftime('%Y-%m-%dT%H:%M:%SZ', p.created_at) as created,
    strftime('%Y-%m-%dT%H:%M:%SZ', p.updated_at) as updated,
    strftime('%Y-%m-%dT%H:%M:%SZ', p.gone_since) as gone_since
  from patterns p;
create view v_uses as
  select strftime('%Y-%m-%dT%H:%M:%SZ', u.used_at) as used, u.pattern_id, p.name as pattern,
    p.project, u.context as need, u.success, nullif(u.agent_id, '') as agent,
    nullif(u.task_id, '') as task, nullif(u.project_id, '') as used_in,
    u.execution_time_ms as duration_ms, u.coverage_achieved as coverage, u.error_message as error,
    u.content_hash = p.content_hash as of_present_content
  from pattern_usage u join patterns p on p.id = u.pattern_id;
create view v_versions as
  select v.pattern_id, p.name as pattern, p.project, v.version_number as version,
    v.change_description as change, v.created_by as changed_by,
    strftime('%Y-%m-%dT%H:%M:%SZ', v.created_at) as replaced, v.origin, v.trust,
    nullif(v.agent_id, '') as agent, nullif(v.run_id, '') as run, v.snapshot
  from pattern_versions v join patterns p on p.id = v.pattern_id;
create view v_projects as
  select r.name as project, count(p.id) as patterns, count(p.gone_since) as gone,
    count(case when p.usage_count > 0 then 1 end) as used_patterns,
    coalesce(sum(p.usage_count), 0) as uses,
    1.0 * sum(p.success_count) / nullif(sum(p.usage_count), 0) as success_rate,
    strftime('%Y-%m-%dT%H:%M:%SZ', r.settled_at) as last_extraction
  from projects r left join patterns p on p.project = r.name group by r.key;
create view v_agents as
  select a.agent_id as agent, a.enabled, a.experience_count as experiences,
    sum(d.successes) as successes,
    1.0 * sum(d.successes) / nullif(sum(d.experiences), 0) as success_rate,
    sum(d.reward_sum) / nullif(sum(d.experiences), 0) as mean_reward,
    strftime('%Y-%m-%dT%H:%M:%SZ', a.created_at) as created,
    strftime('%Y-%m-%dT%H:%M:%SZ', a.updated_at) as updated
  from learning_agents a left join learning_daily d on d.agent_id = a.agent_id group by a.agent_id;
create view v_experiences as
  select strftime('%Y-%m-%dT%H:%M:%SZ', timestamp) as learned, agent_id as agent, task_type,
    task_id as task, strategy, reward, success, explored, failure_kind,
    execution_time_ms as duration_ms, quality, coverage, patterns_used, state, action
  from learning_experiences;
create view v_days as
  select day, agent_id as agent, task_type, strategy, experiences, successes,
    1.0 * successes / experiences as success_rate, reward_sum / experiences as mean_reward
  from learning_daily;
create view v_strategies as
  select agent_id as agent, task_type, strategy, usage_count as uses, success_count as successes,
    1.0 * success_count / usage_count as success_rate, reward_sum / usage_count as mean_reward,
    confidence, standing, strftime('%Y-%m-%dT%H:%M:%SZ', standing_since) as standing_since,
    strftime('%Y-%m-%dT%H:%M:%SZ', created_at) as first_used,
    strftime('%Y-%m-%dT%H:%M:%SZ', last_used_at) as last_used
  from learned_patterns;
create view v_failures as
  select agent_id as agent, task_type, failure_kind, frequency as failures, confidence,
    suggested_actions, strftime('%Y-%m-%dT%H:%M:%SZ', identified_at) as first_seen,
    strftime('%Y-%m-%dT%H:%M:%SZ', last_occurred_at) as last_seen
  from failure_patterns;
