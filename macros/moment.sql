{#- A timestamp out of a JSON text with an offset, or null; never an error, whatever the text.
    The day is added to the month's first, so that even a 30th of February is read. -#}
{% macro moment(value) -%}
    case
        when
            {{ value }} ~ (
                '^2[0-9]{3}-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])[T ]'
                || '([01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9]([.][0-9]{1,6})?(Z|[+-](0[0-9]|1[0-4])(:?[0-5][0-9])?)$'
            )
            then
                overlay({{ value }} placing '01' from 9 for 2)::timestamptz
                + (substr({{ value }}, 9, 2)::integer - 1) * interval '24 hours'
    end
{%- endmacro %}
