"""Change it over there: debts become writes, with an intent before and a receipt after."""
