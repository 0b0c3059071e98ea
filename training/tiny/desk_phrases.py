"""What customers write to the support desk of an online shop: situations by intent, and what goes around them by tone."""

from __future__ import annotations

from typing import NamedTuple


class Situation(NamedTuple):
    facet: str
    says: tuple[str, ...]


LISTS = {
    "item": (
        "kettle lamp jacket backpack blender sweater watch keyboard camera tent rug pillow toaster helmet mirror chair desk mug"
        " scarf coat dress printer speaker phone"
        " coffee_maker phone_case desk_lamp pair_of_shoes set_of_plates winter_coat board_game"
    )
    .replace(" ", "\n")
    .replace("_", " ")
    .split("\n"),
    "days": [
        "two days",
        "three days",
        "five days",
        "a week",
        "ten days",
        "two weeks",
        "three weeks",
        "a month",
        "nearly a week",
    ],
    "when": [
        "yesterday",
        "last week",
        "on Monday",
        "on Friday",
        "this morning",
        "two days ago",
        "last month",
        "a week ago",
        "last night",
    ],
    "city": "Paris London Rome Berlin Madrid Oslo Vienna Dublin Lisbon Prague".split(),
    "colour": "red blue green black white grey yellow brown".split(),
    "size": ["small", "medium", "large", "a size smaller", "a size larger", "a bigger size"],
    "name": "Tom Anna Lee Maria Sam Nina Omar Ivy Ben Zoe Paul Mia Jack Lena Max Ruth".split(),
    "d": "0123456789",
    "e": "0123456789",
    "f": "0123456789",
    "g": "123456789",
}
ORDER = "{g}{d}{e}{f}"

GISTS = {
    "refund": "It asks for money back",
    "delivery": "It asks where a parcel is",
    "account": "It is about logging in or the account",
    "cancel": "It wants to stop an order",
    "exchange": "It wants another size or colour",
    "payment": "It is about paying",
    "invoice": "It asks for an invoice",
    "discount": "It is about a code or a price cut",
    "product": "It asks what a product is like",
    "stock": "It asks when something is available",
    "damaged": "It says that something came broken",
    "warranty": "It is about repair under warranty",
    "address": "It wants to change where an order goes",
    "newsletter": "It is about mails from the shop",
    "complaint": "It complains about the service",
    "gift card": "It is about a gift card",
}

SITUATIONS: dict[str, tuple[Situation, ...]] = {
    "refund": (
        Situation("item sent back", (
            "I sent the {item} back {when} and [I am still waiting for my money|my money has not come back|there is no refund yet]",
            "[when will I get|where is] the refund for the {item} I returned {when}",
            "I returned the {item} {days} ago and [have not been refunded|have seen no refund|still wait for my refund]",
        )),
        Situation("does not like it", (
            "[I want|I would like|I need|give me] [my money back|a refund] for [the|my] {item}, [I do not like it|it is not what I expected|it does not fit]",
            "the {item} is [not what I wanted|too big|too small|not as shown], [can I get my money back|can you refund me|please refund it]",
            "[how do I|how can I] get a refund for [a|the|my] {item}",
        )),
        Situation("charged twice", (
            "I was charged twice for the {item}, [please refund one of them|I want one of them back|can you give the money back]",
            "[you took|the shop took] the money for my {item} twice, [I want it back|please pay it back|refund me]",
        )),
        Situation("refund too small", (
            "my refund for the {item} is [too small|not complete|less than I paid], [where is the rest|please send the rest]",
            "you refunded [only half|only part] of the price of the {item}, [I want the rest back|why is that]",
        )),
    ),
    "delivery": (
        Situation("parcel is late", (
            "my [parcel|package|order] is {days} late, [where is it|when will it come|what is going on]",
            "where is my [parcel|package|order|{item}][|, I ordered it {when}|, it should be here by now]",
            "[I am still waiting for|I still have not received|I never got] the {item} I ordered {days} ago",
            "the {item} should have [arrived|been here|come] {when}, [where is it|but it has not come|when does it get here]",
        )),
        Situation("tracking does not move", (
            "the tracking of my [parcel|package|order] has not [moved|changed] for {days}",
            "[tracking says|the tracking page says] my {item} is in {city}, [is it lost|is it still coming|when will it be here]",
            "[can you track|where is] my parcel, the tracking number [does not work|shows nothing]",
        )),
        Situation("marked as delivered", (
            "my [parcel|package|order] is marked as delivered but [I have nothing|nothing is here|it never came|nobody rang]",
            "[the driver|the courier] says the {item} was delivered {when}, [but it was not|but I was at home and saw nobody]",
        )),
        Situation("how long it takes", (
            "how long does [delivery|shipping] to {city} take",
            "when [will|does] the {item} I ordered {when} [arrive|get here|be delivered]",
            "do you deliver [to {city}|on Saturdays|on Sundays]",
        )),
    ),
    "account": (
        Situation("forgot password", (
            "I forgot my password and [cannot log in|the reset mail does not come|cannot get into my account]",
            "[how do I|how can I] [reset|change] my password",
            "the link to reset my password [does not work|has expired|never came]",
        )),
        Situation("locked out", (
            "my account is [locked|blocked|closed], [why|please unlock it|what can I do]",
            "I [cannot|can not|can no longer] log in to my account since [yesterday|Monday|last week|this morning]",
            "it says my [login|user name] is wrong but [it worked {when}|I am sure it is right]",
        )),
        Situation("change account data", (
            "[how do I|I want to|can I] change the [email|phone number|name] [in|of] my account",
            "my account shows [the wrong name|an old email], [how do I change it|please correct it]",
        )),
        Situation("delete account", (
            "[please delete|I want to delete|how do I delete|how do I close|I would like to close] my account",
            "[can you|please] remove my account and all my data",
        )),
    ),
    "cancel": (
        Situation("changed mind", (
            "[I want to|I would like to|can I|please|I need to] cancel my order[| of the {item}]",
            "I changed my mind about the {item}, [please cancel the order|can I still cancel|stop the order]",
        )),
        Situation("ordered by mistake", (
            "I ordered the {item} [by mistake|twice by mistake], [please cancel it|how do I cancel|cancel one of them]",
            "my [son|daughter|child] ordered the {item} by accident, [please cancel it|can it be cancelled]",
        )),
        Situation("takes too long", (
            "cancel my order of the {item}, [I do not need it any more|I found it elsewhere|it takes too long]",
            "I no longer want the {item} I ordered {when}, [please cancel|is it too late to cancel|cancel it before it ships]",
        )),
        Situation("cannot find the button", (
            "[where|how] [can I|do I] cancel an order on your site",
            "I cannot find where to cancel my order",
        )),
    ),
    "exchange": (
        Situation("wrong size", (
            "the {item} [is too small|is too big|does not fit], [can I swap it for|can I have it in|I need it in] {size}",
            "[I would like to|can I] exchange the {item} for {size}",
        )),
        Situation("other colour", (
            "[can I|I want to|I would like to] exchange the {item} for [the|a] {colour} one",
            "can I swap my {item} for a {colour} one",
        )),
        Situation("wrong item sent", (
            "I got a {colour} {item} but ordered another one, [can I swap it|please exchange it|how do I exchange it]",
            "you sent the wrong {item}, [please exchange it for the right one|can you swap it]",
        )),
        Situation("how to exchange", (
            "[how do I|how can I|where can I] exchange [a|my|the] {item}",
            "how long do I have to exchange [a|the] {item}",
        )),
    ),
    "payment": (
        Situation("card declined", (
            "my card is declined [at checkout|when I pay|each time], [what is wrong|why|it works elsewhere]",
            "[I cannot pay|paying does not work], my card is [refused|declined|not accepted]",
        )),
        Situation("checkout fails", (
            "the payment page [freezes|shows an error|stays white] when I try to pay",
            "[checkout|the payment] fails each time I try to buy the {item}",
        )),
        Situation("ways to pay", (
            "[can I pay|do you let me pay|is it possible to pay] [by bank transfer|in three parts|by card|on delivery|later]",
            "which [ways to pay|cards] do you accept",
        )),
        Situation("payment not seen", (
            "I paid for the {item} {when} but the order [still says unpaid|is not paid, it says|waits for payment]",
            "my payment went through but [there is no order|the order is not confirmed]",
        )),
    ),
    "invoice": (
        Situation("invoice is missing", (
            "[I need|please send me|can I get|where do I find] [an invoice|the invoice|a receipt] for the {item}",
            "there was no [invoice|receipt] [in the box|in the mail] with my {item}",
        )),
        Situation("invoice is wrong", (
            "the [name|company name|tax number|date] on my invoice is wrong, [please correct it|can you change it]",
            "my invoice shows the wrong [price|name|date]",
        )),
        Situation("invoice for work", (
            "my [company|boss|office] needs an invoice for the {item}[|, please send it]",
            "[can you|please] make out the invoice to my company",
        )),
    ),
    "discount": (
        Situation("code does not work", (
            "my [discount code|promo code|coupon] [does not work|is refused|is not valid, it says]",
            "the [code|coupon] you sent me [has expired|does not work|gives nothing off]",
        )),
        Situation("forgot the code", (
            "I forgot to [use|enter] my [discount code|coupon] for the {item}, [can you still take it off|can I use it now]",
            "can you take the discount off my order of the {item} afterwards",
        )),
        Situation("student discount", (
            "do you have a discount for [students|teachers|new customers|large orders]",
            "[is there|do you have] any discount on [the|this] {item}",
        )),
        Situation("price has dropped", (
            "the {item} is on sale now, [can I get the sale price|do I get the new price too]",
            "I bought the {item} {when} and now the price has dropped, [do I get the difference as a discount|can I have the sale price]",
        )),
    ),
    "product": (
        Situation("size and weight", (
            "how [big|heavy|wide|tall] is the {item}",
            "what [are the measures|is the weight|is the size] of the {item}",
        )),
        Situation("material", (
            "[what is the {item} made of|is the {item} made of wood|is the {item} made of wool|is the {item} made of steel]",
            "[is the {item} waterproof|can I wash the {item}|is the {item} safe for children]",
        )),
        Situation("how to use it", (
            "how do I [use|clean|set up|charge] the {item}",
            "does the {item} come with [a manual|batteries|a cable|a bag]",
        )),
        Situation("which one to choose", (
            "which {item} [is best for|would you choose for] [a small room|a child|travel|every day]",
            "what is the difference between the {colour} {item} and the {size} one",
        )),
    ),
    "stock": (
        Situation("sold out", (
            "the {item} is sold out, [when will it be back|will you get more|when is it in stock again]",
            "when will the {item} be [back in stock|available again]",
        )),
        Situation("in a colour", (
            "[do you still have|is there still|do you have] the {item} in {colour}",
            "is the {colour} {item} [in stock|available|sold out]",
        )),
        Situation("in a shop", (
            "is the {item} [available|in stock] in your [shop|store] in {city}",
            "can I [see|get|find] the {item} in your [shop|store] in {city}",
        )),
        Situation("tell me when it is back", (
            "can you tell me when the {item} is [back|available]",
            "please let me know when you have the {item} in stock",
        )),
    ),
    "damaged": (
        Situation("broken on arrival", (
            "[the|my] {item} [arrived broken|arrived damaged|came damaged|was broken when it arrived|is broken]",
            "I opened the box and the {item} was [broken|cracked|damaged|in pieces]",
        )),
        Situation("part is missing", (
            "[a part|a screw|the cable|the lid|one piece] of my {item} is missing [and it cannot be used|in the box|]",
            "my new {item} came with a [missing part|broken part]",
        )),
        Situation("has scratches", (
            "the {item} has [scratches|a crack|a hole|stains|a dent]",
            "there is a [scratch|crack|hole|stain|dent] in my new {item}",
        )),
        Situation("does not turn on", (
            "the {item} I got {when} does not [work|turn on|start], it came broken",
            "my new {item} was damaged [on the way|in the mail] and does not work",
        )),
    ),
    "warranty": (
        Situation("stopped working", (
            "my {item} stopped working after {days}, [is that under warranty|does the warranty cover it|can it be repaired]",
            "the {item} broke after {days} of use, [does the warranty cover that|can you repair it]",
        )),
        Situation("how long it lasts", (
            "how long is the [warranty|guarantee] on the {item}",
            "does the {item} [come with|have] a [warranty|guarantee]",
        )),
        Situation("wants a repair", (
            "[where can I|how do I|can I] [get my {item} repaired|have my {item} repaired] under warranty",
            "how long does the repair of my {item} take",
        )),
    ),
    "address": (
        Situation("moved house", (
            "I moved to {city}, [please change the address of my order|can you send my order there|please use my new address]",
            "I am moving {when}, how do I change my [address|delivery address]",
        )),
        Situation("typed it wrong", (
            "I typed the wrong [address|street|house number] for my order, [can you change it|please correct it]",
            "the [address|street|house number] on my order is wrong, [please correct it|how do I change it]",
        )),
        Situation("send it to work", (
            "can you send my {item} to [my office|my neighbour|another address|my work address] instead",
            "please change the address of my order to [my office|my work|another street]",
        )),
    ),
    "newsletter": (
        Situation("too many mails", (
            "you send [too many|far too many] [newsletters|mails|marketing mails], [please stop|take me off the list]",
            "I get your newsletter [every day|three times a week|twice], [please stop it|how do I stop it]",
        )),
        Situation("unsubscribe fails", (
            "[how do I|I want to|please] unsubscribe [me |]from [the|your] newsletter",
            "I unsubscribed {when} but still get your newsletter",
        )),
        Situation("wants to subscribe", (
            "[how do I|where can I|I want to] sign up for [the|your] newsletter",
            "I signed up for your newsletter {when} but [get none|nothing comes]",
        )),
    ),
    "complaint": (
        Situation("rude staff", (
            "[your staff|the man on the phone|the woman on the phone|your support] was [very rude|rude|not friendly] to me {when}",
            "I want to complain about [the rude service|your staff|the man on the phone]",
        )),
        Situation("nobody answers", (
            "nobody [answers|replies to] my [mails|calls|messages] for {days}, [that is bad service|what kind of service is that]",
            "I have [called|written] [three|four|five] times and nobody [helps|answers]",
        )),
        Situation("poor service", (
            "[this is|that was] the worst service I have [ever had|seen]",
            "I am [very unhappy|not happy|disappointed] with [your service|how you treat customers]",
        )),
    ),
    "gift card": (
        Situation("card not accepted", (
            "my gift card [is not accepted|does not work|is refused] [at checkout|when I order|]",
            "the code on my gift card [is not valid|cannot be read|does not work]",
        )),
        Situation("money left on it", (
            "how much [money |]is left on my gift card",
            "[where|how] can I see what is left on my gift card",
        )),
        Situation("buy one", (
            "[can I|how do I|where can I] buy a gift card for [a friend|my mother|my brother|my boss]",
            "can I send a gift card [by mail|by email] to a friend",
        )),
        Situation("how long it is valid", (
            "how long is a gift card valid",
            "my gift card has expired, [can I still use it|is it lost]",
        )),
    ),
}  # fmt: skip

OPENERS = {
    "polite": (
        "Hello, ",
        "Good morning, ",
        "Hello there, ",
        "Excuse me, ",
        "Good evening, ",
        "Hello, I hope you can help me: ",
    ),
    "casual": ("hey, ", "hi, ", "hi there, ", "hey guys, ", "yo, ", "so, ", "heya, "),
    "angry": ("Seriously, ", "This is ridiculous: ", "I am fed up, ", "Unbelievable, ", "Enough is enough, ", "What a joke, "),
    "worried": ("I am a bit worried, ", "I am getting nervous, ", "I hope nothing is wrong, ", "Oh no, ", "I am afraid "),
    "formal": ("Dear support team, ", "Dear Sir or Madam, ", "To whom it may concern, ", "Dear customer service, "),
    "plain": ("",),
}
CLOSERS = {
    "polite": (" Thank you very much.", " Thank you for your help.", " Many thanks in advance.", " Could you please help me?", " Thank you."),
    "casual": (" thanks!", " any idea?", " cheers", " let me know", " thx", " help please :)"),
    "angry": (
        " Fix this now!", " I will never order here again!", " This is not acceptable!", " I want an answer today!", " Do your work!",
    ),
    "worried": (" I really need help.", " Please tell me that it will be fine.", " I do not know what to do.", " Is everything all right?"),
    "formal": (" Kind regards", " I look forward to your reply.", " Yours sincerely", " I would be grateful for a prompt reply."),
    "plain": ("",),
}  # fmt: skip
DETAILS = (
    " My order number is {order}.", " The order is {order}.", " I ordered it {when}.", " I have been a customer for years.",
    " It is meant as a present for my [sister|brother|mother|father].", " I have already [called|written] [once|twice].",
    " I looked at your site but found nothing.", " I need it before the weekend.", " It was for my [work|holiday|new home].",
    " I live in {city}.", " My name is {name}.", " I asked {when} already.", " Nobody could tell me so far.",
)  # fmt: skip
PERSONA = ("I am {persona} and ", "As {persona} I must say: ", "I am {persona}, ")
