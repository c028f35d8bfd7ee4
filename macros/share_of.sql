{#- Share number `number` of `total` cents cut into `parts` (R7): floor(i P / n) - floor((i-1) P / n). -#}
{% macro share_of(total, parts, number) -%}
    (
        {{ number }}::bigint * {{ total }} / {{ parts }}
        - ({{ number }}::bigint - 1) * {{ total }} / {{ parts }}
    )::integer
{%- endmacro %}
