-- The learning engine: the history is the truth; Q-values, counters and learned patterns are
-- what a fold over it in the order of experience_rowid yields.

-- One row a learner. experience_count and last_experience move with every experience; the
-- snapshot_* columns say which prefix of the history the rows of q_values contain.
create table learning_agents (
  agent_id            text primary key check (length(agent_id) between 1 and 200),
  enabled             integer not null default 1 check (enabled in (0, 1)),
  generation          integer not null default 0 check (generation >= 0),  -- + 1 with each reset
  experience_count    integer not null default 0 check (experience_count >= 0),
  last_experience     integer not null default 0,
  snapshot_count      integer not null default 0 check (snapshot_count <= experience_count),
  snapshot_experience integer not null default 0,
  snapshot_epsilon    real,  -- null before the first snapshot
  created_at          text not null,
  updated_at          text not null
) strict, without rowid;

-- Switches that hold for all agents, such as 'enabled'.
create table learning_switches (
  name  text primary key,
  value integer not null check (value in (0, 1))
) strict, without rowid;

-- The settings that experiences were learned with: a replay needs the same ones.
create table learning_settings (
  settings_rowid integer primary key,
  settings       text not null unique check (json_valid(settings))
) strict;

create table learning_history (
  experience_rowid  integer primary key autoincrement,  -- never given twice, not even after a reset
  experience_id     text not null unique,
  agent_id          text not null,
  task_id           text not null,
  task_type         text not null,
  state             text not null,
  action            text not null,
  strategy          text not null,
  reward            real not null,
  next_state        text,
  terminal          integer not null check (terminal in (0, 1)),
  truncated         integer not null check (truncated in (0, 1)),
  success           integer not null check (success in (0, 1)),
  explored          integer check (explored in (0, 1)),
  failure_kind      text,
  execution_time_ms real,
  quality           real,
  coverage          real,
  patterns_used     integer not null default 0 check (patterns_used >= 0),
  context           text not null check (json_valid(context)),
  settings_rowid    integer not null references learning_settings (settings_rowid),
  timestamp         text not null,
  check (terminal = 1 or next_state is not null)
) strict;
create index learning_history_by_agent on learning_history (agent_id, experience_rowid);
create index learning_history_by_state on learning_history (agent_id, state, strategy, success);

-- Experiences that retention has moved out of the way; they still count.
create table learning_history_archive (
  experience_rowid  integer primary key,
  experience_id     text not null unique,
  agent_id          text not null,
  task_id           text not null,
  task_type         text not null,
  state             text not null,
  action            text not null,
  strategy          text not null,
  reward            real not null,
  next_state        text,
  terminal          integer not null check (terminal in (0, 1)),
  truncated         integer not null check (truncated in (0, 1)),
  success           integer not null check (success in (0, 1)),
  explored          integer check (explored in (0, 1)),
  failure_kind      text,
  execution_time_ms real,
  quality           real,
  coverage          real,
  patterns_used     integer not null default 0 check (patterns_used >= 0),
  context           text not null check (json_valid(context)),
  settings_rowid    integer not null references learning_settings (settings_rowid),
  timestamp         text not null
) strict;
create index learning_history_archive_by_agent on learning_history_archive
  (agent_id, experience_rowid);

create view learning_experiences as
  select * from learning_history union all select * from learning_history_archive;

-- Sums over the history by UTC day, kept in the transaction of each experience: grouping 100,000
-- rows took about 100 ms a question, these few take one. reward_0 counts rewards from -2 to below
-- -1.5, and so on in steps of 0.5; reward_7 includes 2.
create table learning_daily (
  agent_id       text not null,
  day            text not null check (length(day) = 10),
  task_type      text not null,
  strategy       text not null,
  experiences    integer not null check (experiences >= 1),
  successes      integer not null check (successes between 0 and experiences),
  reward_sum     real not null,
  explored       integer not null,
  explored_known integer not null,
  with_patterns  integer not null,
  reward_0 integer not null, reward_1 integer not null, reward_2 integer not null,
  reward_3 integer not null, reward_4 integer not null, reward_5 integer not null,
  reward_6 integer not null, reward_7 integer not null,
  primary key (agent_id, day, task_type, strategy)
) strict, without rowid;

-- q_rowid keeps the order in which cells were first visited: the order of rows and columns in
-- memory, on which ties rest, is the same in every process.
create table q_values (
  q_rowid        integer primary key,
  agent_id       text not null,
  state_key      text not null,
  action_key     text not null,
  q_value        real not null,
  second_q_value real,  -- the other estimate of Double Q-learning
  update_count   integer not null check (update_count >= 0),
  reward_sum     real not null,
  last_updated   text not null,
  unique (agent_id, state_key, action_key)
) strict;
create index q_values_in_order on q_values (agent_id, q_rowid);

create table learned_patterns (
  agent_id       text not null,
  task_type      text not null,
  strategy       text not null,
  pattern        text not null generated always as (task_type || ' : ' || strategy) virtual,
  confidence     real not null check (confidence between 0 and 1),
  usage_count    integer not null check (usage_count >= 1),
  success_count  integer not null check (success_count between 0 and usage_count),
  success_rate   real not null generated always as (1.0 * success_count / usage_count) virtual,
  reward_sum     real not null,
  contexts       text not null check (json_valid(contexts) and json_type(contexts) = 'array'),
  standing       text not null default 'candidate'
                 check (standing in ('candidate', 'promoted', 'demoted', 'retired')),
  standing_since text,
  created_at     text not null,
  last_used_at   text not null,
  primary key (agent_id, task_type, strategy)
) strict, without rowid;

create table failure_patterns (
  agent_id          text not null,
  task_type         text not null,
  failure_kind      text not null,
  pattern           text not null generated always as (task_type || ' : ' || failure_kind) virtual,
  frequency         integer not null check (frequency >= 1),
  confidence        real not null check (confidence between 0 and 1),
  contexts          text not null check (json_valid(contexts) and json_type(contexts) = 'array'),
  suggested_actions text not null
                    check (json_valid(suggested_actions)
                           and json_type(suggested_actions) = 'array'),
  identified_at     text not null,
  last_occurred_at  text not null,
  primary key (agent_id, task_type, failure_kind)
) strict, without rowid;

-- The last comparison of the two best strategies of a task type.
create table strategy_trials (
  agent_id       text not null,
  task_type      text not null,
  strategy_a     text not null,
  strategy_b     text not null,
  uses_a         integer not null,
  uses_b         integer not null,
  mean_reward_a  real not null,
  mean_reward_b  real not null,
  p_value        real not null check (p_value between 0 and 1),
  winner         text,  -- null while the difference may be chance
  decided_at     text not null,
  primary key (agent_id, task_type)
) strict, without rowid;

create table improvement_cycles (
  cycle_rowid integer primary key,
  started_at  text not null,
  finished_at text,
  status      text not null check (status in ('running', 'done', 'failed'))
) strict;

create table improvement_stages (
  stage_rowid integer primary key,  -- in the order in which they ran
  cycle_rowid integer not null references improvement_cycles (cycle_rowid) on delete cascade,
  stage       text not null,
  duration_ms real not null check (duration_ms >= 0),
  changed     integer not null check (changed >= 0),
  summary     text not null,
  error       text,
  unique (cycle_rowid, stage)
) strict;

-- The one loop that may run on a database, and the request that it stop.
create table improvement_loop (
  loop_rowid        integer primary key check (loop_rowid = 1),
  process_id        integer not null,
  host              text not null,
  interval_s        real not null check (interval_s > 0),
  started_at        text not null,
  heartbeat_at      text not null,
  stop_requested_at text,
  ended_at          text
) strict;

-- What the bank's own usage says of a pattern; retired ones stay, and may come back.
alter table patterns add column standing text not null default 'candidate'
  check (standing in ('candidate', 'promoted', 'demoted', 'retired'));
alter table patterns add column standing_since text;
