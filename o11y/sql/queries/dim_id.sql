sipHash64({client:String}, {provider:String}, {model:String})
