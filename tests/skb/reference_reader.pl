% Reads a text with SWI-Prolog and writes each term as one line of JSON, for test_skb_reference_reader.py.
% Arguments: a file of op/3 facts, the text.
:- initialization(main, main).

main([Operators, Text]) :-
    set_prolog_flag(double_quotes, string),
    setup_call_cleanup(open(Operators, read, In), take_operators(In), close(In)),
    setup_call_cleanup(open(Text, read, Source, [encoding(utf8)]), write_terms(Source), close(Source)).

take_operators(In) :-
    read(In, Term),
    (   Term == end_of_file
    ->  true
    ;   Term = op(Priority, Kind, Name),
        op(Priority, Kind, user:Name),
        take_operators(In)
    ).

write_terms(Source) :-
    catch(read_term(Source, Term, [variable_names(Names), module(user)]), Error, true),
    (   nonvar(Error)
    ->  write('["error"]'), nl, write_terms(Source)
    ;   Term == end_of_file
    ->  true
    ;   maplist([Name = Variable]>>(Variable = '$named'(Name)), Names),
        term_variables(Term, Rest),
        number_rest(Rest, 1),
        json(Term), nl,
        (   Term = (:- Directive) -> take_directive(Directive) ; true ),
        write_terms(Source)
    ).

take_directive((A, B)) :- !, take_directive(A), take_directive(B).
take_directive(op(Priority, Kind, Name)) :- !, op(Priority, Kind, user:Name).
take_directive(_).

number_rest([], _).
number_rest(['$named'(Name)|Rest], At) :- atom_concat('_', At, Name), Next is At + 1, number_rest(Rest, Next).

json('$named'(Name)) :- !, format('["v",'), codes(Name), write(']').
json(Term) :- integer(Term), !, format('["i","~d"]', [Term]).
json(Term) :- float(Term), !, format('["f",~q]', [Term]).
json(Term) :- string(Term), !, write('["s",'), codes(Term), write(']').
json(Term) :- Term == [], !, write('["l",[]]').
json(Term) :- atom(Term), !, write('["a",'), codes(Term), write(']').
json([Head|Tail]) :- !, write('["p",'), json(Head), write(','), json(Tail), write(']').
json(Term) :-
    compound_name_arguments(Term, Name, Arguments),
    write('["c",'), codes(Name), write(',['), items(Arguments), write(']]').

items([]).
items([One]) :- !, json(One).
items([One|Rest]) :- json(One), write(','), items(Rest).

codes(Text) :- atom_codes(Text, Codes), write(Codes).
