{#- The strategy of marts that are built anew each time: what is no longer so goes and what is new comes, in one
    transaction; the many rows that are as they were stay untouched. Neither drop nor truncate, so that whoever still
    reads the rows of before goes on seeing them (decision 0010). -#}
{% macro get_incremental_replace_sql(arguments) -%}
    {%- set target = arguments['target_relation'] -%}
    {%- set built = arguments['temp_relation'] -%}
    {%- set columns = get_quoted_csv(arguments['dest_columns'] | map(attribute='name')) -%}
    delete from {{ target }} as known
    where not exists (
        select from {{ built }} as built where {{ same_row('built', 'known', arguments['dest_columns']) }}
    );

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ built }} as built
    where not exists (
        select from {{ target }} as known where {{ same_row('built', 'known', arguments['dest_columns']) }}
    );

    {# A row that stands twice in one and once in the other is in both: such a mart is written whole. -#}
    delete from {{ target }}
    where (select count(*) from {{ target }}) <> (select count(*) from {{ built }});

    insert into {{ target }} ({{ columns }})
    select {{ columns }}
    from {{ built }}
    where not exists (select from {{ target }});
{%- endmacro %}


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
