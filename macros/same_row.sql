{#- Whether two rows are the same in every column. By their hashes they are found: `is not distinct from` alone would
    compare all rows with all. -#}
{% macro same_row(one, other, columns) -%}
    {%- set rows = [] -%}
    {%- for row in (one, other) -%}
        {%- set values = [] -%}
        {%- for column in columns -%}
            {%- do values.append(row ~ '.' ~ adapter.quote(column.name)) -%}
        {%- endfor -%}
        {%- do rows.append('row(' ~ values | join(', ') ~ ')') -%}
    {%- endfor -%}
    hash_record_extended({{ rows[0] }}, 0) = hash_record_extended({{ rows[1] }}, 0)
    and {{ rows[0] }} is not distinct from {{ rows[1] }}
{%- endmacro %}
