{#- The schemas are exactly those that dbt_project.yml names, without dbt's prefix of the target. -#}
{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ custom_schema_name or target.schema }}
{%- endmacro %}
