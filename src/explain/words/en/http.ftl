# What an HTTP message says. Variables: $path, $location: parts of an address; $method: a method; $code: a status code.

http-get = "May I have { $path }?" A request is plain text: a line with what is wanted, then headers, then an empty line.
http-head = "What do you know about { $path }?" Only the headers are wanted, not the thing itself.
http-post = "Here are data for { $path }: do with them what you do." A form is sent that way, for example.
http-put = "Store this as { $path }."
http-delete = "Remove { $path }."
http-options = "What may I do with { $path }?"
http-connect = "Pass on to { $path } whatever I send from now on." That is asked of a proxy.
http-method = "Do { $method } with { $path }."
http-interim = "Go on, the real answer comes later" ({ $code }).
http-switching = "Agreed: from now on we speak another protocol here" (101).
http-done = "Here you are" ({ $code }). A code that begins with 2 means success.
http-no-content = "Done, and there is nothing more to say" (204).
http-partial = "Here is the part that you asked for" (206).
http-redirect = "Not here: ask again at { $location }" ({ $code }).
http-elsewhere = "Not here" ({ $code }). A code that begins with 3 sends the asker elsewhere.
http-not-modified = "What you have already is still right" (304). So it need not be sent again.
http-bad-request = "I do not understand the request" (400). The asker made a mistake in it.
http-unauthorized = "Who are you?" (401). The asker has to say so, usually with a name and a password.
http-forbidden = "You may not have that" (403). Who asks does not matter, or has not the right.
http-not-found = "There is nothing of that name" (404). The server itself is well: check the path.
http-too-many = "You ask too often" (429). Wait, and ask more slowly.
http-client-error = "Something is wrong with the request" ({ $code }). A code that begins with 4 blames the asker.
http-bad-gateway = "I asked another server for you, and its answer makes no sense" (502).
http-unavailable = "Not now: I am busy or being repaired" (503).
http-gateway-timeout = "I asked another server for you, and it did not answer in time" (504).
http-server-error = "Something went wrong here, not with you" ({ $code }). A code that begins with 5 blames the server.

# What a connection was used for

http-answered = { $request }: answered with { $code } after { $ms } ms.
http-unanswered = { $request }: no whole answer is in the capture.
