-- Assumes that nothing is taken from the history, and that what is stamped until the
-- watermark is complete (R19).  If it fails, entries are missing or no longer exist, as after
-- migrate down and up again: build with --full-refresh.  Entries that are not final may
-- have changed since the build, and are left out.

with

final_entries as (

    select
        transition_id,
        earnings_id,
        practitioner_id,
        to_status,
        net_cents,
        stamped_at
    from {{ ref('earnings_transitions') }}
    where is_final

),

history as (

    select
        transition_id,
        earnings_id,
        practitioner_id,
        to_status,
        net_cents,
        stamped_at
    from {{ ref('stg_earnings__transitions') }}
    where stamped_at <= (select max(final_entries.stamped_at) from final_entries)

),

missing as (

    select * from history
    except
    select * from final_entries

),

additional as (

    select * from final_entries
    except
    select * from history

)

select
    'missing' as difference,
    transition_id,
    earnings_id
from missing

union all

select
    'additional' as difference,
    transition_id,
    earnings_id
from additional
