"""ClickHouse's errors in our own terms: is it the rows, or is it the store?"""

from o11y.worker.ports import StoreError

UNKNOWN_DATABASE = 81

#: What chDB says (code 36, and no reason) of a folder that it cannot have.
_FOLDER_REFUSED = "Unable to open the chdb engine"

#: The rows themselves were refused, and no retry of the same bytes can succeed. Parsing comes before writing and a
#: batch is one block, so nothing was stored. Anything else is the store's trouble (a table or column that is not
#: there, rights, memory, too many parts, a timeout) and may pass: the rows wait for it.
CONTENT_CODES = frozenset(
    {
        6,  # CANNOT_PARSE_TEXT
        25,  # CANNOT_PARSE_ESCAPE_SEQUENCE
        26,  # CANNOT_PARSE_QUOTED_STRING
        27,  # CANNOT_PARSE_INPUT_ASSERTION_FAILED
        33,  # CANNOT_READ_ALL_DATA: a row that is cut off
        38,  # CANNOT_PARSE_DATE
        41,  # CANNOT_PARSE_DATETIME
        53,  # TYPE_MISMATCH
        69,  # ARGUMENT_OUT_OF_BOUND
        70,  # CANNOT_CONVERT_TYPE
        72,  # CANNOT_PARSE_NUMBER
        117,  # INCORRECT_DATA
        130,  # CANNOT_READ_ARRAY_FROM_TEXT
        131,  # TOO_LARGE_STRING_SIZE
        190,  # SIZES_OF_ARRAYS_DONT_MATCH
        321,  # VALUE_IS_OUT_OF_RANGE_OF_DATA_TYPE
        349,  # CANNOT_INSERT_NULL_IN_ORDINARY_COLUMN
        376,  # CANNOT_PARSE_UUID
        407,  # DECIMAL_OVERFLOW
        467,  # CANNOT_PARSE_BOOL
        469,  # VIOLATED_CONSTRAINT
        691,  # UNKNOWN_ELEMENT_OF_ENUM
    }
)

_LONGEST_MESSAGE = 600  # ClickHouse quotes the row it could not read


def store_error(error: Exception, *, place: str, inserting: bool) -> StoreError:
    """The ``StoreError`` of what the driver raised; only an insert can have its content refused."""
    code: int | None = getattr(error, "code", None)
    if _FOLDER_REFUSED in str(error):
        return StoreError(
            f"{place} cannot be opened. As a rule another process has it, and a folder belongs to one process: "
            "stop the other one, or set a data folder of its own. Otherwise look at its permissions and the disk."
        )
    text = " ".join(str(error).split())
    if error.__cause__ is not None and code is None:
        # What the retries were about, by its kind: its words may quote a whole request.
        reason = getattr(error.__cause__, "reason", None) or error.__cause__
        text = f"{text} ({type(reason).__name__})"
    if len(text) > _LONGEST_MESSAGE:
        text = text[:_LONGEST_MESSAGE] + " ..."
    return StoreError(f"{place}: {text}", content=inserting and code in CONTENT_CODES)
