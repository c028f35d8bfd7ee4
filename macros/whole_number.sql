{#- A whole number from 1 to 9999 out of a JSON value, or null: the app writes "many" and -1 as well. -#}
{% macro whole_number(value) -%}
    case when {{ value }} ~ '^[1-9][0-9]{0,3}$' then ({{ value }})::integer end
{%- endmacro %}
