arrayMap((c, p, m) -> sipHash64(c, p, m), {clients:Array(String)}, {providers:Array(String)}, {models:Array(String)})
