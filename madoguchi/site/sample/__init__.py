"""A sample city at full size: residents, households and cases over two years, all invented (見本データ).

The demo's stories are the moulds: each was played through the very acts that people use. A cast is the rows that one
of them left, with other people, places, days and numbers, written by COPY. So whatever a case leaves behind, today or
after the next change of the code, a sample city has it too, and nothing here repeats a rule of the product.
"""

from madoguchi.site.sample.filling import fill

__all__ = ["fill"]
