-- Which release of the engine answers.
SELECT version()
