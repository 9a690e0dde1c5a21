-- Uses prove one content of a pattern, agents are compared by agent_key (records/provenance.py), and
-- versions keep who wrote them and whether they were trusted.

-- The content that was used; '' where that is not known.
alter table pattern_usage add column content_hash text not null default '';
update pattern_usage set content_hash = coalesce(
  (select p.content_hash from patterns p where p.id = pattern_usage.pattern_id), '')
where used_at >= coalesce(
  (select max(v.created_at) from pattern_versions v where v.pattern_id = pattern_usage.pattern_id), '');

alter table pattern_versions add column origin text not null default 'human'
  check (origin in ('built-in', 'human', 'extracted', 'agent', 'imported'));
alter table pattern_versions add column trust text not null default 'trusted'
  check (trust in ('trusted', 'unproven'));
update pattern_versions set origin = 'agent', trust = 'unproven' where agent_id != '';

-- Counted again from the uses: numbers that an import only claimed are in no use.
drop table pattern_agent_counts;
create table pattern_agent_counts (
  pattern_rowid integer not null references patterns (pattern_rowid) on delete cascade,
  content_hash  text not null,
  agent_id      text not null,  -- its agent_key
  success_count integer not null check (success_count between 0 and usage_count),
  usage_count   integer not null check (usage_count > 0),
  primary key (pattern_rowid, content_hash, agent_id)
) strict, without rowid;
insert into pattern_agent_counts
  select p.pattern_rowid, u.content_hash, agent_key(u.agent_id), sum(u.success), count(*)
  from pattern_usage u join patterns p on p.id = u.pattern_id group by 1, 2, 3;

create temp view counted as
  select p.pattern_rowid, p.success_count as old_successes, p.usage_count as old_uses,
         coalesce(sum(c.success_count), 0) as successes, coalesce(sum(c.usage_count), 0) as uses,
         sum(min(1.0, 2.0 / c.usage_count) * c.success_count) as weighted_successes,
         sum(min(1.0, 2.0 / c.usage_count) * c.usage_count) as weighted_uses
  from patterns p left join pattern_agent_counts c
    on c.pattern_rowid = p.pattern_rowid and c.content_hash = p.content_hash
  group by p.pattern_rowid;
-- Quality changes with the counters, and the vector index holds a copy of it.
insert into bank_facts (key, value)
  select 'vectors_pending', 'yes' from temp.counted
  where old_uses != uses or old_successes != successes limit 1
  on conflict (key) do nothing;
update patterns set success_count = n.successes, usage_count = n.uses,
  quality = case when n.uses = 0 or trust = 'unproven' then base_quality
            else (4 * base_quality + 1.0 * n.successes / n.uses) / 5 end,
  evidence = case when trust = 'unproven' then 0.0 when n.uses = 0 then 0.4
    else max(0.0, (n.weighted_successes / n.weighted_uses + 0.5 / n.weighted_uses
      - sqrt(max(0.0, n.weighted_successes / n.weighted_uses
                      * (1 - n.weighted_successes / n.weighted_uses) / n.weighted_uses)
             + 0.25 / n.weighted_uses / n.weighted_uses))
      / (1 + 1.0 / n.weighted_uses)) end
from temp.counted n
where n.pattern_rowid = patterns.pattern_rowid and (n.old_uses > 0 or n.uses > 0);
drop view temp.counted;

-- Numbers past what the library reads and counts on from (records/patterns.py).
update patterns set version = 1000000000 where version > 1000000000;
update pattern_versions set snapshot = json_set(snapshot, '$.version', 1000000000)
  where json_extract(snapshot, '$.version') > 1000000000;
update pattern_versions set snapshot = json_set(snapshot, '$.usage_count', 0, '$.success_rate', 0.0)
  where json_extract(snapshot, '$.usage_count') > 9007199254740992;

-- Without a query, unproven patterns are behind all trusted ones as well.
drop index patterns_by_evidence;
create index patterns_by_evidence on patterns (trust, evidence desc, quality desc, id);
