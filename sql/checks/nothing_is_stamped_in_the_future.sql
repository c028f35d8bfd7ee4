-- No entry of the history and no heartbeat is stamped later than now.
--
-- Rule      R19
-- Reads     the newest entries
-- If not    The server's clock was set back, or somebody wrote past the triggers. A heartbeat in
--           the future calls final what can still change: delete it. Of entries, find out by whom.

select
    'transition' as subject,
    id as subject_id,
    format('earnings %s: stamped %s', earnings_id, stamped_at) as detail
from earnings.transitions
where stamped_at > statement_timestamp() + interval '1 second'

union all

select
    'heartbeat' as subject,
    transaction_id::text::bigint as subject_id,
    format('beaten at %s', beaten_at) as detail
from earnings.heartbeats
where beaten_at > statement_timestamp() + interval '1 second'
