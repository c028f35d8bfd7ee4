{#- A status of earnings as one of the five of R1.  Before the backfill: a completed row is a mirror that R9 stores
    as reversed, and what is being processed without a payout is not yet owed. -#}
{% macro known_status(status, payout_id) -%}
    case
        when {{ status }} = 'paid_out' then 'paid'
        when {{ status }} = 'completed' then 'reversed'
        when {{ status }} = 'processing' and {{ payout_id }} is not null then 'paid'
        when {{ status }} = 'processing' then 'projected'
        else {{ status }}
    end::text
{%- endmacro %}
