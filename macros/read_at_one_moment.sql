{#- Makes a mart read the snapshot that the build opened, so that all marts of a build agree.
    Only views lie between the app's tables and a mart: a mart never reads another mart. -#}
{% macro read_at_one_moment() -%}
    {%- set snapshot = env_var('EARNINGS_SNAPSHOT', '') -%}
    {%- if execute and snapshot -%}
    set transaction isolation level repeatable read;
    set transaction snapshot '{{ snapshot }}';
    {%- endif -%}
{%- endmacro %}
